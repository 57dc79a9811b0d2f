import type { FieldError } from '../../../api/field-errors.ts';
export const validateDaemonSet = (): FieldError[] => [];
export const validateDaemonSetUpdate = (): FieldError[] => [];
