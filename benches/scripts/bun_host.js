// The least that a host in Bun does to call a back end: what the library's way is compared with.
//
// usage: bun bun_host.js BACK_END FOLDER_OF_BRIDGE_RUNTIME
//
// For each line, a number, it makes so many calls one after the other, and then writes a NUL.
const [backEnd, folder] = process.argv.slice(2);
const child = Bun.spawn(["python3", backEnd], {
  stdin: "pipe",
  stdout: "pipe",
  stderr: "inherit",
  env: { ...process.env, PYTHONPATH: folder },
});
const waiting = new Map();
let last = 0;

function call(cmd, params) {
  const id = ++last;
  const answer = new Promise((resolve) => waiting.set(id, resolve));
  child.stdin.write(JSON.stringify({ id, cmd, params }) + "\n");
  child.stdin.flush();
  return answer;
}

async function readAnswers() {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of child.stdout) {
    const frames = (rest + decoder.decode(piece, { stream: true })).split("\0");
    rest = frames.pop();
    for (const frame of frames) {
      const answer = JSON.parse(frame);
      waiting.get(answer.id)?.(answer.result);
      waiting.delete(answer.id);
    }
  }
}

readAnswers();
const data = { nick: "alice", share: 123456789 };
for await (const line of console) {
  for (let left = Number(line); left > 0; --left) await call("echo", { data });
  process.stdout.write("\0");
}
child.kill();
process.exit(0);
