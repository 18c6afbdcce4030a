/** The messages between the ranks of a training, in addition to TensorFlow's own: JSON, one per line, over TCP. */
import type { StoredAdvice } from '../util/localize';

/** Raised when a message changes its meaning; ranks of different versions refuse each other. */
export const PROTOCOL = 1;

/** One process of the training. */
export interface Member {
  rank: number;
  /** Name of its machine. */
  host: string;
  pid: number;
  localRank: number;
  /** `host:port` of its TensorFlow server. */
  address: string;
}

/** Why the job ends, as the ranks pass it on. */
export interface Failure extends StoredAdvice {
  /** Where it came from. */
  rank: number;
  exitCode: number;
}

export interface Hello {
  type: 'hello';
  protocol: number;
  rank: number;
  worldSize: number;
  host: string;
  /** Distinguishes machines with the same host name. */
  machine: string;
  pid: number;
  localRank: number | null;
  /** Port of its TensorFlow server; null: to be chosen by its place on its machine. */
  port: number | null;
}

export type Message =
  | Hello
  | { type: 'welcome'; members: Member[]; localWorldSizes: number[] }
  | ({ type: 'refused' } & StoredAdvice)
  | { type: 'ping' }
  /** From rank 0 to all, or from one rank to rank 0. */
  | { type: 'value'; id: number; value: unknown }
  | { type: 'log'; text: string }
  | ({ type: 'failed' } & Failure)
  | { type: 'bye' };

/** Longest message, in characters: enough for the trainer's state, too little to fill the memory. */
const LONGEST = 16 * 1024 * 1024;

/** Cuts a stream of text into messages. */
export class LineReader {
  private rest = '';

  /** @throws Error where the other side does not speak this protocol */
  read(chunk: string): Message[] {
    this.rest += chunk;
    const lines = this.rest.split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > LONGEST) throw new Error('a message is too long');
    return lines.map((line) => {
      const message: unknown = JSON.parse(line);
      if (typeof message !== 'object' || message === null || !('type' in message))
        throw new Error('no message');
      return message as Message;
    });
  }
}

export function encode(message: Message): string {
  return `${JSON.stringify(message)}\n`;
}
