import type { ServerConfig } from '../../../config/index.ts';
import type { LogFields } from '../../../log.ts';
import type { OwnerPool } from '../../backend/owner.ts';
import { addressOf } from '../pool-changes.ts';

/** How a server is called in the log. */
export abstract class TitledServer {
  abstract readonly pool: OwnerPool;
  abstract config: ServerConfig;
  abstract readonly name: string;

  get address(): string {
    return addressOf(this.config);
  }

  get title(): string {
    return `${this.pool.config.name} | ${this.name} (${this.address})`;
  }

  /** What every line about this server says to programs. */
  get logFields(): LogFields {
    return { pool: this.pool.config.name, server: this.name, address: this.address };
  }

  log(level: number, text: string, fields: LogFields): void {
    this.pool.engine.log.write(level, text, { ...this.logFields, ...fields });
  }
}
