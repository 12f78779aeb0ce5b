/** What Redis says to AUTH: none of it repeats a word of the request. */
const STANDARD =
  /^(WRONGPASS|NOPERM|LOADING|ERR (invalid password|Client sent|AUTH <password>|wrong number))/;
/** Behind it a server that does not know AUTH repeats the words that it was sent with. */
const REPEATED = ', with args beginning with';

/**
 * The error that a server gave to AUTH, fit for logs and clients: without the words of the request.
 * @param said the error without its `-`, latin1 @param password latin1
 */
export function loginRefusal(said: string, password: string): string {
  const [text] = said.split(REPEATED, 1);
  const repeats = password !== '' && !STANDARD.test(text) && text.includes(password);
  return repeats ? 'ERR refused, in words that repeat the password' : text;
}

/** @param request AUTH, always multibulk @returns its last word, latin1 */
export function passwordOf(request: Buffer): string {
  let password = '';
  for (let at = request.indexOf('$'); at >= 0 && at < request.length; ) {
    const start = request.indexOf('\n', at) + 1;
    const end = start + Number(request.toString('latin1', at + 1, start - 2));
    password = request.toString('latin1', start, end);
    at = end + 2;
  }
  return password;
}
