// node php.mjs FOLDER VERSION ARGUMENT...: `php ARGUMENT...` with a real PHP of that version on this machine's files.
//
// FOLDER has the node_modules of package.json. There is no network and there are no named pipes; programs that PHP
// starts are those of this machine.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, version, ...argv] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { PHP, loadPHPRuntime } = require('@php-wasm/universal');
const { getPHPLoaderModule } = require(`@php-wasm/node-${version.replace('.', '-')}`);

/** Puts a folder of this machine at the same place in PHP's own file system. */
function mounted(root) {
  return (php, FS) => {
    FS.mkdirTree(root);
    FS.mount(FS.filesystems.NODEFS, { root }, root);
    return () => FS.unmount(root);
  };
}

function writeTo(stream) {
  return new WritableStream({ write: (chunk) => void stream.write(chunk) });
}

const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule(), { onExit: () => {} }));
php.setSpawnHandler((command, args, options) => spawn(command, args, { shell: args.length === 0, ...options }));
for (const root of new Set(['/usr', '/tmp', process.cwd()])) {
  await php.mount(root, mounted(root));
}
php.chdir(process.cwd());
const run = await php.cli(['php', ...argv]);
await Promise.all([run.stdout.pipeTo(writeTo(process.stdout)), run.stderr.pipeTo(writeTo(process.stderr))]);
process.exitCode = await run.exitCode;
