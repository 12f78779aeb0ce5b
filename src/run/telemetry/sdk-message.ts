import { REASON_TEXT } from '../../limits.ts';

/**
 * What the SDK tells, as one line for the log. It tells errors as JSON with their stacks, and what
 * a collector has answered may be in them.
 */
export function sdkMessage(text: string): string {
  return plainText(text)
    .slice(0, REASON_TEXT)
    .replace(/\p{Cc}/gu, ' ');
}

function plainText(text: string): string {
  if (!text.startsWith('{')) return text;
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    return typeof message === 'string' ? message : text;
  } catch {
    return text; // it only began like JSON
  }
}
