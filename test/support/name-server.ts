import { createSocket, type Socket } from 'node:dgram';

const A = 1;
const SRV = 33;
/** Seconds that an answer may be kept. */
const TTL = 1;

/** What a service is said to be at. */
export interface Member {
  readonly host: string;
  readonly port: number;
}

/** A name server that knows one address for all names, and the members of services. */
export class NameServer {
  readonly #socket: Socket = createSocket('udp4');
  /** Of every name; null = it does not answer at all. */
  address: string | null = '127.0.0.1';
  /** By name, in lower case. */
  readonly services: Map<string, readonly Member[]> = new Map();
  asked = 0;

  /** @returns `host:port`, as dns.setServers() takes it */
  async open(): Promise<string> {
    this.#socket.on('message', (question, { port, address }) => {
      this.asked++;
      const reply = this.#answer(question);
      if (reply !== null) this.#socket.send(reply, port, address);
    });
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** The environment of a process that asks it, once it is open. */
  get env(): NodeJS.ProcessEnv {
    const { port } = this.#socket.address();
    const code = `import('node:dns').then((dns) => dns.setServers(['127.0.0.1:${port}']))`;
    const url = `data:text/javascript,await%20${encodeURIComponent(code)}`;
    return { NODE_OPTIONS: `--import=${url}` };
  }

  /** The question again, with answers of its type behind it. */
  #answer(question: Buffer): Buffer | null {
    if (this.address === null) return null;
    const labels: string[] = [];
    let end = 12;
    while (question[end] !== 0) {
      labels.push(question.toString('latin1', end + 1, end + 1 + question[end]));
      end += question[end] + 1;
    }
    const type = question.readUInt16BE(end + 1);
    const head = Buffer.from(question.subarray(0, end + 5));
    const data = this.#data(type, labels.join('.').toLowerCase());
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(data.length, 6);
    head.writeUInt32BE(0, 8);
    return Buffer.concat([head, ...data.map((each) => record(type, each))]);
  }

  #data(type: number, name: string): Buffer[] {
    if (type === A) return [Buffer.from((this.address as string).split('.').map(Number))];
    if (type !== SRV) return [];
    return (this.services.get(name) ?? []).map(({ host, port }) => {
      const bytes = Buffer.alloc(6);
      bytes.writeUInt16BE(port, 4);
      const labels = host.split('.').map((label) => [label.length, ...Buffer.from(label)]);
      return Buffer.concat([bytes, Buffer.from([...labels.flat(), 0])]);
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/** A resource record for the name of the question. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, TTL, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
