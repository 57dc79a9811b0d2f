/** The object without those of the fields that are 0, which Go leaves out (`omitempty`). */
export function omitZeros<T extends object>(object: T, fields: readonly (keyof T & string)[]): T {
  return Object.fromEntries(
    Object.entries(object).filter(([name, value]) => value !== 0 || !fields.includes(name as keyof T & string)),
  ) as T;
}
