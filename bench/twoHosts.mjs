// Two hosts on one machine: network namespaces joined by a cable (veth) of a given bandwidth. Linux, root, iproute2.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const HOSTS = ['10.231.9.1', '10.231.9.2'];
const space = (host) => `nlvr-bench-${process.pid}-${host}`;
const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** In front of a program: runs it on a host. */
export const on = (host) => ['ip', 'netns', 'exec', space(host)];
export const [MASTER] = HOSTS;

/** Makes the two hosts; they go with this process. */
export function joinHosts() {
  if (process.platform !== 'linux' || process.getuid() !== 0)
    throw new Error('Two hosts need Linux and root.');
  if (spawnSync('sh', ['-c', 'command -v ip && command -v tc']).status !== 0)
    throw new Error('Two hosts need ip and tc: apt-get install iproute2.');
  process.on('exit', () => {
    for (const host of [0, 1]) spawnSync('ip', ['netns', 'delete', space(host)]);
  });
  // What a killed benchmark left behind.
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

/** Gives the cable a bandwidth in both directions, in Mbit/s. */
export function shape(mbits) {
  // A bucket of 2 ms, and at least four of the largest packets that the kernel hands over at once.
  const burst = Math.max(262_144, Math.round(mbits * 250));
  for (const host of [0, 1]) {
    const [program, ...args] = on(host);
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

/** Bytes that a host has sent. */
export function bytesSent(host) {
  const [program, ...args] = on(host);
  const file = '/sys/class/net/cable/statistics/tx_bytes';
  return Number(execFileSync(program, [...args, 'cat', file], { encoding: 'utf8' }));
}
