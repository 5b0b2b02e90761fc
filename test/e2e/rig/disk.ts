/** A small file system of the test's own, which it can fill. Needs `tmpfs`. */
import type { Scene } from "./scene.ts";

const DISK_MIB = 32;

/** Mounts it, with a file `ballast` of the given size in bytes. Unmounted when the scene closes. */
export async function mountDisk(scene: Scene, ballastBytes: number): Promise<string> {
  const disk = `${scene.directory}/disk`;
  await Deno.mkdir(disk);
  await run("mount", "-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", disk);
  scene.defer(() => run("umount", "-l", disk));
  await Deno.writeFile(`${disk}/ballast`, new Uint8Array(ballastBytes));
  return disk;
}

async function run(...[command, ...args]: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
