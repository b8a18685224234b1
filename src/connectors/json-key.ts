const JSON_RAW = JSON as unknown as { isRawJSON(value: unknown): value is { readonly rawJSON: string } };

/** The field `name` of `fields` as key text; undefined when it has none. */
export const keyText = (fields: unknown, name: string): string | undefined => {
  if (typeof fields !== 'object' || fields === null || !Object.hasOwn(fields, name)) return undefined;
  const key = (fields as Record<string, unknown>)[name];
  if (JSON_RAW.isRawJSON(key)) return key.rawJSON;
  return typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean' ? String(key) : undefined;
};
