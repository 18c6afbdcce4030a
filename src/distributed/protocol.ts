/** The messages between the ranks of a training, in addition to TensorFlow's: JSON Lines over TCP. */
import type { StoredAdvice } from '../util/localize';

/** Protocol version, increased when the meaning of a message changes; ranks of different versions do not connect. */
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

/** Reason for the end of the job, which is sent to all ranks. */
export interface Failure extends StoredAdvice {
  /** The rank that failed. */
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
  /** Port of its TensorFlow server; null: derived from its local rank. */
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

/** Maximum length of a message in characters: enough for the trainer's state, but limits memory. */
const MAX_MESSAGE_LENGTH = 16 * 1024 * 1024;

/** Splits a stream of text into messages. */
export class LineReader {
  private partialLine = '';

  /** @throws Error if the data does not follow this protocol */
  read(chunk: string): Message[] {
    this.partialLine += chunk;
    const lines = this.partialLine.split('\n');
    this.partialLine = lines.pop() ?? '';
    if (this.partialLine.length > MAX_MESSAGE_LENGTH) throw new Error('a message is too long');
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
