import { constants } from 'node:os';
import { LOG_NOTICE, LOG_WARN, type Log } from '../log.ts';

/** The most talkative log level. */
export const LEVEL_MAX = 11;

/** What signals do; each is told which one it was. */
export interface SignalActions {
  /** TERM and INT. */
  stop(name: NodeJS.Signals): void;
  /** HUP, after the log file was opened anew. */
  reload(): void;
  /** USR2, which nutcracker only logs. */
  upgrade(): void;
  /** TTIN and TTOU have changed the log level. */
  level(level: number): void;
}

/** A log whose file can be opened anew. */
export interface ReopenableLog extends Log {
  reopen(): void;
}

/**
 * Handles the signals that nutcracker handles, with its words. USR1 is what HUP is to nutcracker;
 * Node would open its debugger on it.
 */
export function handleSignals(log: Log, file: ReopenableLog, actions: SignalActions): void {
  const on = (name: NodeJS.Signals, what: string, act: () => void): void => {
    process.on(name, () => {
      const number = constants.signals[name];
      log.write(LOG_NOTICE, `signal ${number} (${name}) received${what}`);
      act();
    });
  };
  const change = (by: number): void => {
    setLevel(log, Math.max(0, Math.min(LEVEL_MAX, log.level + by)));
    actions.level(log.level);
  };
  on('SIGTTIN', ', up logging level', () => change(1));
  on('SIGTTOU', ', down logging level', () => change(-1));
  on('SIGHUP', ', reopening log file', () => {
    reopen(log, file);
    actions.reload();
  });
  on('SIGUSR1', ', reopening log file', () => reopen(log, file));
  on('SIGUSR2', '', () => actions.upgrade());
  on('SIGINT', ', exiting', () => actions.stop('SIGINT'));
  on('SIGTERM', ', exiting', () => actions.stop('SIGTERM'));
}

/** Changes the log level, and says so. */
export function setLevel(log: Log, level: number): void {
  if (level === log.level) return;
  const direction = level > log.level ? 'up' : 'down';
  // Written at whichever level is the more talkative: nobody should wonder where the lines went.
  log.level = Math.max(level, log.level);
  log.write(LOG_NOTICE, `${direction} log level to ${level}`);
  log.level = level;
}

function reopen(log: Log, file: ReopenableLog): void {
  try {
    file.reopen();
    log.write(LOG_NOTICE, 'log file opened anew');
  } catch (error) {
    log.write(LOG_WARN, `cannot open the log file anew: ${(error as Error).message}`);
  }
}
