/**
 * Runs the ranks of one machine in a network namespace. TensorFlow's server listens on all interfaces without
 * authentication; in a namespace that has only a loopback interface, other processes cannot reach it.
 */
import { spawnSync } from 'node:child_process';
import { loadLibc } from '../runtime/tensorflow/capi';

/** Environment variable that is set in processes in such a namespace. */
export const NAMESPACE_VARIABLE = 'NLVR_NETWORK_NAMESPACE';

/** Options of `unshare`: with a user namespace, which needs no privileges if the kernel allows it, or as root. */
const UNSHARE_OPTIONS = [['--user', '--map-root-user', '--net'], ['--net']] as const;

/**
 * Returns the command prefix that runs a program in a new network namespace.
 * @returns undefined if this system does not allow it
 */
export function namespaceCommand(): readonly string[] | undefined {
  if (process.platform !== 'linux') return undefined;
  for (const flags of UNSHARE_OPTIONS) {
    const { status } = spawnSync('unshare', [...flags, 'true'], { stdio: 'ignore', timeout: 5000 });
    if (status === 0) return ['unshare', ...flags];
  }
  return undefined;
}

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;

/**
 * Enables the loopback interface, which is disabled in a new network namespace.
 * @returns false if that fails
 */
export function bringLoopbackUp(): boolean {
  const libc = loadLibc();
  const socket = libc.func('socket', 'int', ['int', 'int', 'int']) as unknown as (
    domain: number,
    type: number,
    protocol: number,
  ) => number;
  const ioctl = libc.func('int ioctl(int, unsigned long, void *)') as unknown as (
    fd: number,
    request: number,
    argument: Uint8Array,
  ) => number;
  const close = libc.func('close', 'int', ['int']) as unknown as (fd: number) => number;
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) return false;
  try {
    // struct ifreq: the name, then the flags.
    const request = Buffer.alloc(IFREQ_BYTES);
    request.write('lo', 0, 'latin1');
    request.writeInt16LE(IFF_UP, IFNAMSIZ);
    return ioctl(fd, SIOCSIFFLAGS, request) === 0;
  } finally {
    close(fd);
  }
}
