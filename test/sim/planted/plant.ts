import { register } from 'node:module';

// Loaded before everything else (node --import) with the name of a bug in RINGWAY_PLANTED: the
// compiled product gets that bug on its way into the process; no file changes.

register('./hooks.js', import.meta.url, { data: process.env['RINGWAY_PLANTED'] ?? '' });
