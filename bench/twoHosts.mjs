// Simulates two hosts on one machine: network namespaces connected by a veth pair with a given bandwidth. Requires Linux, root
// and iproute2.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const HOSTS = ['10.231.9.1', '10.231.9.2'];
const space = (host) => `nlvr-bench-${process.pid}-${host}`;
const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** Command prefix that runs a program on a host. */
export const hostPrefix = (host) => ['ip', 'netns', 'exec', space(host)];
export const [MASTER] = HOSTS;

/** Creates the two hosts, which are deleted when this process exits. */
export function createHosts() {
  if (process.platform !== 'linux' || process.getuid() !== 0)
    throw new Error('Two hosts need Linux and root.');
  if (spawnSync('sh', ['-c', 'command -v ip && command -v tc']).status !== 0)
    throw new Error('Two hosts need ip and tc: apt-get install iproute2.');
  process.on('exit', () => {
    for (const host of [0, 1]) spawnSync('ip', ['netns', 'delete', space(host)]);
  });
  // Delete the namespaces of killed benchmarks.
  for (const [name, pid] of String(ip('netns', 'list')).matchAll(/^nlvr-bench-(\d+)-\d+/gm))
    if (!existsSync(`/proc/${pid}`)) ip('netns', 'delete', name);
  for (const host of [0, 1]) {
    ip('netns', 'add', space(host));
    ip('-n', space(host), 'link', 'set', 'lo', 'up');
  }
  const [a, b] = [`ba${process.pid}`, `bb${process.pid}`];
  ip('link', 'add', a, 'netns', space(0), 'type', 'veth', 'peer', 'name', b, 'netns', space(1));
  for (const [host, device] of [a, b].entries()) {
    ip('-n', space(host), 'link', 'set', device, 'name', 'cable');
    ip('-n', space(host), 'address', 'add', `${HOSTS[host]}/24`, 'dev', 'cable');
    ip('-n', space(host), 'link', 'set', 'cable', 'up');
  }
}

/** Sets the bandwidth in both directions, in Mbit/s. */
export function setBandwidth(mbits) {
  // A token bucket of 2 ms, and at least four of the largest packets (GSO).
  const burst = Math.max(262_144, Math.round(mbits * 250));
  for (const host of [0, 1]) {
    const [program, ...args] = hostPrefix(host);
    const limits = ['rate', `${mbits}mbit`, 'burst', String(burst), 'limit', String(8 << 20)];
    execFileSync(program, [
      ...args,
      'tc',
      'qdisc',
      'replace',
      'dev',
      'cable',
      'root',
      'tbf',
      ...limits,
    ]);
  }
}

/** Number of bytes that a host has sent. */
export function bytesSent(host) {
  const [program, ...args] = hostPrefix(host);
  const file = '/sys/class/net/cable/statistics/tx_bytes';
  return Number(execFileSync(program, [...args, 'cat', file], { encoding: 'utf8' }));
}
