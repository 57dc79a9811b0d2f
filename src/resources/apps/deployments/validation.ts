import type { FieldError } from '../../../api/field-errors.ts';
export const validateDeployment = (): FieldError[] => [];
export const validateDeploymentUpdate = (): FieldError[] => [];
