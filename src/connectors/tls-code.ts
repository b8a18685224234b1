/** True for error codes of Node that speak of a certificate, or of a protocol that the other side does not speak: trying again would not help. */
export const isTlsCode = (code: unknown): boolean => /CERT|^ERR_(SSL|TLS)|^EPROTO$/.test(String(code));
