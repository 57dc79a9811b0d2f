import type { FieldError } from '../../../api/field-errors.ts';
export const validateCronJob = (): FieldError[] => [];
export const validateCronJobUpdate = (): FieldError[] => [];
