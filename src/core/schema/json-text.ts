/** `JSON.rawJSON`, in Node since 22 but not in TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON of a value that a schema gave: bytes as base64, as Protobuf's JSON has them, and BigInt as digits. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, name: string, it: unknown) {
    // What comes as `it` went through `toJSON` already, which Buffers have.
    const own = this[name];
    if (own instanceof Uint8Array) return Buffer.from(own).toString('base64');
    return typeof it === 'bigint' ? rawJSON(String(it)) : it;
  });
