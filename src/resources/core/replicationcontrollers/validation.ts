import type { FieldError } from '../../../api/field-errors.ts';
export const validateReplicationController = (): FieldError[] => [];
export const validateReplicationControllerUpdate = (): FieldError[] => [];
