// Installs the additional tools of the end-to-end tests: a real VS Code from npm (code-server, the current and the oldest
// supported version), the Node versions for it, Chromium and Debian packages. Everything except the Debian packages is
// installed in the per-user cache, in one folder per version, which is written to a temporary folder and then renamed, so that
// interrupted or concurrent installations leave no incomplete folders. Fast if everything is installed.
//
//   node scripts/testTools.mjs [--only current|oldest|network|pytorch] [--json]
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pytorch } from './pytorch.mjs';

/** `vscode` is the version of VS Code. The oldest one is `engines.vscode` of package.json. */
const servers = {
  current: { codeServer: '4.139.1', node: '24', vscode: '1.139.1' },
  oldest: { codeServer: '4.100.3', node: '20', vscode: '1.100.3' },
};
const nativeModules = [
  'node-pty',
  '@vscode/spdlog',
  'native-watchdog',
  '@vscode/native-watchdog',
  'kerberos',
  '@parcel/watcher',
];
/** Increased when the installation changes, so that older installations are not reused. */
const INSTALL_VERSION = 1;

const cache = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'nlvr-workbench',
  'test-tools',
);

const log = (text) => process.stderr.write(`test tools: ${text}\n`);

/** Returns the path of a program on the PATH, or undefined. */
function which(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const file = join(folder, name);
      if (folder && existsSync(file)) return file;
    }
  }
  return undefined;
}

/** Runs a program and shows its output only if it fails. */
function run(program, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-6000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', fail);
    child.on('close', (code) =>
      code === 0
        ? done(output)
        : fail(new Error(`${program} ${args.join(' ')} exited with ${code}:\n${output}`)),
    );
  });
}

/** Environment for npm and node-gyp: the given Node first on the PATH, its headers, and none of the project's npm settings. */
function environment(node) {
  const env = {};
  for (const [key, value] of Object.entries(process.env)) {
    // `npm run` passes the project's .npmrc as variables, which must not apply to the tools.
    if (!/^(npm_|INIT_CWD$|NODE_OPTIONS$|VSCODE_)/i.test(key)) env[key] = value;
  }
  env.PATH = `${join(node, 'bin')}${delimiter}${env.PATH ?? ''}`;
  env.npm_config_nodedir = node;
  env.npm_config_fund = 'false';
  env.npm_config_audit = 'false';
  env.npm_config_update_notifier = 'false';
  return env;
}

/** Creates a folder with `fill(temporary folder)`, unless it already exists and is complete. */
async function installOnce(name, fill) {
  const folder = join(cache, `${name}-r${INSTALL_VERSION}`);
  if (existsSync(join(folder, '.complete'))) return folder;
  const partial = `${folder}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    await fill(partial);
    await writeFile(join(partial, '.complete'), `${new Date().toISOString()}\n`);
    await rename(partial, folder).catch((error) => {
      // Another process has installed the same version.
      if (!existsSync(join(folder, '.complete'))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

/** Removes incomplete folders of ended processes. */
async function sweep() {
  for (const name of await readdir(cache).catch(() => [])) {
    const pid = /\.partial-(\d+)$/.exec(name)?.[1];
    if (!pid) continue;
    try {
      process.kill(Number(pid), 0);
    } catch {
      await rm(join(cache, name), { recursive: true, force: true });
    }
  }
}

/** Installs `ip` for the tests with several hosts (network namespaces), which are skipped if it is missing. */
async function networkTools() {
  const root = process.platform === 'linux' && process.getuid?.() === 0;
  if (!root || which('ip') || !which('apt-get')) return;
  await aptInstall(['iproute2']);
}

/** Installs PyTorch for the tests of examples/python. Debian has a separate package for virtual environments. */
async function pythonTools() {
  const canMake = await run('python3', ['-c', 'import ensurepip, venv']).then(
    () => true,
    () => false,
  );
  if (!canMake && which('apt-get')) await aptInstall(['python3', 'python3-venv']);
  pytorch();
}

/** Installs missing Debian packages; on other systems, throws an error that lists them. */
async function debianPackages() {
  const wanted = [];
  if (!process.env.NLVR_TEST_CHROMIUM && !which('chromium', 'chromium-browser', 'google-chrome'))
    wanted.push('chromium');
  if (!which('rg')) wanted.push('ripgrep');
  if (process.platform === 'linux' && !existsSync('/usr/include/gssapi/gssapi.h'))
    wanted.push('libkrb5-dev');
  if (!which('g++', 'c++')) wanted.push('g++');
  if (!which('make')) wanted.push('make');
  if (!which('python3')) wanted.push('python3');
  if (wanted.length === 0) return;
  const root = process.getuid?.() === 0;
  if (!which('apt-get') || !(root || which('sudo')))
    throw new Error(
      `the end-to-end tests need ${wanted.join(', ')}. Install them with the system's package manager and run this again.`,
    );
  await aptInstall(wanted);
}

async function aptInstall(wanted) {
  const root = process.getuid?.() === 0;
  log(`installing Debian packages ${wanted.join(' ')}`);
  const apt = (...args) =>
    run(root ? 'apt-get' : 'sudo', root ? args : ['-n', 'apt-get', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  await apt('update', '-qq');
  await apt('install', '-y', '-qq', '--no-install-recommends', ...wanted);
}

/** Installs Node from npm. @returns the folder with `bin/node` and `include/node` */
async function node(major) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = await installOnce(`node-${major}`, async (partial) => {
    log(`installing Node ${major}`);
    await writeFile(join(partial, 'package.json'), '{"private":true}\n');
    await run('npm', ['install', '--ignore-scripts', `${name}@${major}`], {
      cwd: partial,
      env: environment(partial),
    });
  });
  return join(folder, 'node_modules', name);
}

/** Installs code-server with its native modules compiled for its Node. */
async function codeServer({ codeServer: version, node: major }) {
  const runtime = await node(major);
  const env = environment(runtime);
  const folder = await installOnce(`code-server-${version}-node-${major}`, async (partial) => {
    log(`installing code-server ${version} on Node ${major} (a minute or two)`);
    const npm = (cwd, ...args) => run('npm', args, { cwd, env });
    await writeFile(join(partial, 'package.json'), '{"private":true}\n');
    await npm(partial, 'install', '--ignore-scripts', `code-server@${version}`);
    await npm(partial, 'install', '--ignore-scripts', 'node-gyp@12');
    await npm(partial, 'rebuild', '--ignore-scripts=false', 'argon2');
    const vscode = join(partial, 'node_modules', 'code-server', 'lib', 'vscode');
    await npm(vscode, 'install', '--omit=dev', '--ignore-scripts');
    const gyp = join(partial, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
    for (const name of nativeModules) {
      const cwd = join(vscode, 'node_modules', name);
      if (existsSync(join(cwd, 'binding.gyp')))
        await run(join(runtime, 'bin', 'node'), [gyp, 'rebuild', `--nodedir=${runtime}`], {
          cwd,
          env,
        });
    }
    await npm(join(vscode, 'extensions'), 'install', '--omit=dev', '--ignore-scripts');
    const ripgrep = join(vscode, 'node_modules', '@vscode', 'ripgrep', 'bin');
    await mkdir(ripgrep, { recursive: true });
    await rm(join(ripgrep, 'rg'), { force: true });
    await symlink(which('rg'), join(ripgrep, 'rg'));
    await rm(join(vscode, 'node_modules.asar'), { force: true });
    await symlink('node_modules', join(vscode, 'node_modules.asar'));
  });
  const entry = join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js');
  return { node: join(runtime, 'bin', 'node'), entry, version };
}

/**
 * Installs missing tools and returns their paths.
 * @param {('current' | 'oldest')[]} [names] the servers to install; both by default
 */
export async function testTools(names = Object.keys(servers)) {
  await mkdir(cache, { recursive: true });
  await sweep();
  await debianPackages();
  // Compiling uses one core each.
  const installed = await Promise.all(names.map((name) => codeServer(servers[name])));
  const chromium =
    process.env.NLVR_TEST_CHROMIUM ?? which('chromium', 'chromium-browser', 'google-chrome');
  return { chromium, servers: Object.fromEntries(names.map((name, i) => [name, installed[i]])) };
}

/** Checks that the oldest server is the oldest VS Code that package.json supports. */
function checkOldest() {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const minimum = manifest.engines.vscode.replace(/^\^/, '').split('.').slice(0, 2).join('.');
  if (!servers.oldest.vscode.startsWith(`${minimum}.`))
    throw new Error(
      `package.json requires VS Code ${minimum}, the oldest one tested is ${servers.oldest.vscode}: change scripts/testTools.mjs`,
    );
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  checkOldest();
  const only = process.argv.indexOf('--only');
  const others = { network: networkTools, pytorch: pythonTools };
  const other = only < 0 ? undefined : others[process.argv[only + 1]];
  if (other) {
    await other();
    process.exit(0);
  }
  const tools = await testTools(only < 0 ? undefined : [process.argv[only + 1]]);
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(tools)}\n`);
  else
    log(
      `ready: ${Object.values(tools.servers)
        .map((server) => `code-server ${server.version}`)
        .join(', ')}, ${execFileSync(tools.chromium, ['--version']).toString().trim()}`,
    );
}
