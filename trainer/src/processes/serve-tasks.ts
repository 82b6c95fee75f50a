/** The other end of a pool: a process that does its tasks. It ends with the process that started it, however that one ends. */
import '../feeding/thread-pool.ts';
import { plainError, type Answer, type Request, type Work } from './messages.ts';

/** What does the tasks, once it is open. */
export interface TaskServer<Of extends Work> {
  do(task: Of['task'], tell: (news: Of['news']) => void): Promise<Of['result']>;
}

/** @param open loads what is slow to load, so that requests wait rather than get lost */
export function serveTasks<Of extends Work>(open: (opening: Of['opening']) => Promise<TaskServer<Of>>): void {
  // Ctrl-C in a terminal reaches every process of the group: what is to happen then is for the starting one to say.
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  process.on('disconnect', () => process.exit());
  const answer = (message: Answer<Of>): void => {
    if (process.connected) process.send!(message);
  };
  let server: Promise<TaskServer<Of>> | undefined;
  process.on('message', (request: Request<Of>) => {
    const { id } = request;
    const work = async (): Promise<Answer<Of>> => {
      if ('opening' in request) {
        server = open(request.opening);
        await server;
        return { id, result: {} };
      }
      const ready = await server;
      if (ready === undefined) throw new Error('a task came before the opening');
      return { id, result: await ready.do(request.task, (news) => answer({ id, news })) };
    };
    work().then(answer, (error: unknown) => answer({ id, error: plainError(error) }));
  });
}
