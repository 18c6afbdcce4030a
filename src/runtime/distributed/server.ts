/** Starts TensorFlow's gRPC server in this process, through which the ranks of a training communicate. */
import type { Capi } from '../tensorflow/capi';
import { type Bytes, bytesField, intField } from '../tensorflow/protobuf';
import { Status } from '../tensorflow/status';
import { RuntimeError } from '../errors';
import { localize } from '../../util/localize';
import { jobName, type RankSpec } from './rankSpec';

/** Field numbers of tensorflow/core/protobuf/{tensorflow_server,cluster}.proto. */
const ServerDef = { cluster: 1, jobName: 2, taskIndex: 3, defaultSessionConfig: 4, protocol: 5 };
const ClusterDef = { job: 1 };
const JobDef = { name: 1, tasks: 2 };
const MapEntry = { key: 1, value: 2 };

/** The server of this process: there can be only one, because TensorFlow cannot shut it down. */
let started: { addresses: string; target: string } | undefined;

/**
 * Starts the server of this rank. It listens on all interfaces, without authentication.
 *
 * @param config the encoded session configuration, which also sizes the server's thread pools
 * @returns the target for `TF_NewSession`
 * @throws RuntimeError when the port is in use
 */
export function startServer(capi: Capi, spec: RankSpec, config: Uint8Array): string {
  const addresses = spec.addresses.join();
  if (started) {
    if (started.addresses !== addresses)
      throw new RuntimeError('this process already runs a TensorFlow server of another cluster');
    return started.target;
  }
  const definition = encodeServerDef(spec, config);
  const status = new Status(capi);
  try {
    const server = capi.NewServer(definition, definition.length, status.native);
    try {
      status.check('starting the TensorFlow server');
      capi.ServerStart(server, status.native);
      status.check('starting the TensorFlow server');
    } catch (error) {
      throw new RuntimeError(
        localize(
          "Rank {0} cannot start TensorFlow's server at {1}: {2}",
          spec.rank,
          spec.addresses[spec.rank],
          error instanceof Error ? error.message : String(error),
        ),
        {
          hint: localize(
            'Choose other ports with --master_port, or end the program that uses the port.',
          ),
          cause: error,
        },
      );
    }
    started = { addresses, target: capi.ServerTarget(server) };
    return started.target;
  } finally {
    status.dispose();
  }
}

/** `tensorflow.ServerDef` of a rank. */
export function encodeServerDef({ rank, addresses }: RankSpec, config: Uint8Array): Uint8Array {
  const tasks: Bytes[] = addresses.map((address, task) =>
    bytesField(JobDef.tasks, [
      ...intField(MapEntry.key, task),
      ...bytesField(MapEntry.value, address),
    ]),
  );
  const job = [...bytesField(JobDef.name, jobName), ...tasks.flat()];
  return Uint8Array.from([
    ...bytesField(ServerDef.cluster, bytesField(ClusterDef.job, job)),
    ...bytesField(ServerDef.jobName, jobName),
    ...intField(ServerDef.taskIndex, rank),
    ...bytesField(ServerDef.defaultSessionConfig, Array.from(config)),
    ...bytesField(ServerDef.protocol, 'grpc'),
  ]);
}
