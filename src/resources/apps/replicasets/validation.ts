import type { FieldError } from '../../../api/field-errors.ts';
export const validateReplicaSet = (): FieldError[] => [];
export const validateReplicaSetUpdate = (): FieldError[] => [];
