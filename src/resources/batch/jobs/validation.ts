import type { FieldError } from '../../../api/field-errors.ts';
export const validateJob = (): FieldError[] => [];
export const validateJobUpdate = (): FieldError[] => [];
