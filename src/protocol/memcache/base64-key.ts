const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

/** The key that a meta command with the `b` flag means; null when memcached could not decode it. */
export function decodeKey(written: string): Buffer | null {
  return BASE64.test(written) ? Buffer.from(written, 'base64') : null;
}
