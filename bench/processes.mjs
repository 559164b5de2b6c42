// What processes use of the CPU and the memory, from /proc: on Linux only.
import { readFileSync } from 'node:fs';
import pg from 'pg';

/** User and system time of all threads, in milliseconds; a tick is 10 ms. */
export function cpuMs(pid) {
  const [utime, stime] = fieldsOf(pid).slice(11, 13).map(Number);
  return (utime + stime) * 10;
}

/** The fields of /proc/PID/stat behind the name. */
function fieldsOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Resident memory. */
export function rssMb(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}

/** The process id of the server's first process: the parent of all others. */
export async function postmasterOf(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query('select pg_backend_pid() as pid');
  const [, postmaster] = fieldsOf(rows[0].pid);
  await client.end();
  return postmaster;
}

export function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
}

/** @returns what gives the milliseconds of CPU of the server and all its processes, those that have ended included */
export async function databaseProcesses(url) {
  const postmaster = await postmasterOf(url);
  return () => {
    const [cutime, cstime] = fieldsOf(postmaster).slice(13, 15).map(Number);
    const alive = childrenOf(postmaster).map((pid) => {
      try {
        return cpuMs(pid);
      } catch {
        return 0;
      }
    });
    return alive.reduce((sum, ms) => sum + ms, 0) + 10 * (cutime + cstime);
  };
}
