import { spawn } from 'node:child_process';

/**
 * Reads a pipe that only the drill holds open, so that it sees its end even after a SIGKILL. Then it stops the server
 * of the folder, and of no other, and removes the folder. A line on the pipe says that there is nothing to do.
 */
const script = `
  read -r word && exit 0
  data="$1/server/data"
  works() {
    if [ -d /proc/self ]; then [ "$(readlink "/proc/$1/cwd")" = "$data" ]
    else ps -o command= -p "$1" | grep -qF -- "-D $data"; fi
  }
  for attempt in $(seq 100); do
    pid="$(head -n 1 "$data/postmaster.pid" 2> /dev/null)"
    if [ -n "$pid" ] && works "$pid"; then kill -QUIT "$pid"; fi
    rm -rf "$1"
    # What had been started and was not there yet may still write.
    sleep 0.2
    [ -e "$1" ] || exit 0
  done`;

/** Ends an embedded server and its folder together with this process, however that ends. */
export interface DrillWatcher {
  /** There is nothing to clean up any more, or it is to stay. */
  dismiss(): void;
}

export function watchDrillFolder(folder: string): DrillWatcher {
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', folder], {
    // A session of its own: Ctrl-C at the terminal is meant for the drill.
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  const { stdin } = watcher;
  (stdin as unknown as { unref(): void }).unref();
  stdin.on('error', () => {});
  return { dismiss: () => void stdin.end('done\n') };
}
