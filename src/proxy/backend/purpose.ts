// What a connection to a server was opened for.

/** The requests of many clients. */
export const PURPOSE_SHARED = 0;
/** One large request at a time. */
export const PURPOSE_BULK = 1;
/** To see whether the server is well: no request of a client. */
export const PURPOSE_PROBE = 2;
