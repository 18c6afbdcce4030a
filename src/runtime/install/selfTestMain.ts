/** Entry point of the self-test's process: loads the library of its first argument and multiplies two matrices. */
import { loadCapi } from '../tensorflow/capi';
import { DType } from '../tensorflow/dtypes';
import { Graph } from '../tensorflow/graph';
import { NativeSession } from '../tensorflow/nativeSession';
import { createTensor, readTensor } from '../tensorflow/nativeTensor';
import { SINGLE } from '../distributed/rankSpec';

async function main(path: string): Promise<void> {
  const capi = await loadCapi(path);
  const graph = new Graph(capi);
  const session = await NativeSession.open(capi, graph, {
    device: 'gpu',
    xla: false,
    threads: 0,
    rankSpec: SINGLE,
  });
  const shape = [2, 2];
  const type = { type: DType.float32 } as const;
  const input = graph.op('Placeholder', [], { dtype: type, shape: { shape } });
  const square = graph.op('MatMul', [input, input], { T: type });
  const [product] = await session.run({
    name: 'self-test',
    feeds: [[input, createTensor(capi, shape, DType.float32, Float32Array.of(1, 2, 3, 4))]],
    fetches: [square],
    targets: [],
  });
  const values = product === undefined ? [] : [...readTensor(capi, product)];
  if (values.join() !== '7,10,15,22')
    throw new Error(`a product of two matrices came out as [${values.join(', ')}]`);
  const gpu = session.deviceTypes().includes('GPU');
  process.stdout.write(JSON.stringify({ version: capi.version, gpu }));
}

main(process.argv[2] ?? '').then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
