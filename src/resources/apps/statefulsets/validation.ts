import type { FieldError } from '../../../api/field-errors.ts';
export const validateStatefulSet = (): FieldError[] => [];
export const validateStatefulSetUpdate = (): FieldError[] => [];
