import { prepare } from "#app/commands/context.ts";
import { type Host, startHost } from "#app/host.ts";
import { workerUrls } from "#app/places.ts";

/** The host inside the desktop's main process, when none runs on the data directory yet: threads do the work. */
export async function startDesktopHost(
  folder: string,
  profile: string,
  onFatal: (error: Error) => void,
): Promise<Host> {
  const { loaded, build, logger } = prepare({ dataDir: folder, profile }, "desktop");
  return startHost({
    loaded,
    folder,
    workers: workerUrls(),
    build,
    workstation: undefined,
    log: (line) => logger.info(line),
    onEnd: () => undefined,
    onFatal,
  });
}
