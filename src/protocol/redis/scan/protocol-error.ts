import {
  ERROR_BULK_CRLF,
  ERROR_BULK_LENGTH,
  ERROR_BULK_LINE_TOO_LONG,
  ERROR_EXPECTED_DOLLAR,
  ERROR_HEADER_LINE,
  ERROR_INLINE_TOO_LONG,
  ERROR_MULTIBULK_LENGTH,
  ERROR_MULTIBULK_LINE_TOO_LONG,
} from '../../frame-table.ts';

/** Redis's own words where it has them; it does not check the CRLF behind a bulk. */
const TEXT: Readonly<Record<number, string>> = {
  [ERROR_MULTIBULK_LENGTH]: 'invalid multibulk length',
  [ERROR_BULK_LENGTH]: 'invalid bulk length',
  [ERROR_BULK_CRLF]: 'expected CRLF after bulk',
  [ERROR_INLINE_TOO_LONG]: 'too big inline request',
  [ERROR_MULTIBULK_LINE_TOO_LONG]: 'too big mbulk count string',
  [ERROR_BULK_LINE_TOO_LONG]: 'too big bulk count string',
  [ERROR_HEADER_LINE]: 'expected LF after CR in a length line',
};

/** @returns `-ERR Protocol error: …` for a scanner's error */
export function protocolError(error: number, byte: number): Buffer {
  if (error === ERROR_EXPECTED_DOLLAR) {
    const printable = byte >= 0x20 && byte < 0x7f;
    const what = printable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
    return Buffer.from(`-ERR Protocol error: expected '$', got '${what}'\r\n`);
  }
  return Buffer.from(`-ERR Protocol error: ${TEXT[error] ?? 'malformed request'}\r\n`);
}
