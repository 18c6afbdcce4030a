/**
 * The pinned wheels with TensorFlow's C API. An install unpacks nothing else.
 *
 * Their `libtensorflow_cc` does not depend on Python. The hashes are those of the Python Package Index, from
 * `pip install --dry-run --report`; the wheels' Python tag is arbitrary but fixed.
 */
import { UnsupportedPlatformError } from '../errors';
import { localize } from '../../util/localize';

export type Variant = 'cpu' | 'gpu';

export interface Wheel {
  /** Name of the distribution. */
  project: string;
  version: string;
  /** pip's `--platform`. */
  platforms: readonly string[];
  sha256: string;
  /** Size of the download. */
  bytes: number;
  /** Names of the entries to extract. */
  take: RegExp;
}

/** What an install fetches for one platform. */
export interface Release {
  version: string;
  variant: Variant;
  wheels: readonly Wheel[];
  /** Approximate size after unpacking. */
  unpackedBytes: number;
}

/** Version of TensorFlow to install. */
export const TENSORFLOW_VERSION = '2.21.0';

const MB = 1_000_000;
const TENSORFLOW_LIBRARIES = /^tensorflow\/libtensorflow_(cc|framework)\.(so\.2|2\.dylib)$/;
/** Shared libraries, and the files that XLA needs to compile: ptxas and libdevice. */
const NVIDIA_FILES = /^nvidia\/[^/]+\/(lib\/[^/]+\.so[^/]*|bin\/ptxas|nvvm\/libdevice\/[^/]+)$/;

function tensorflow(project: string, platform: string, sha256: string, bytes: number): Wheel {
  return {
    project,
    version: TENSORFLOW_VERSION,
    platforms: [platform],
    sha256,
    bytes,
    take: TENSORFLOW_LIBRARIES,
  };
}

const CPU_WHEELS: Record<string, Wheel> = {
  'linux-x64': tensorflow(
    'tensorflow-cpu',
    'manylinux_2_27_x86_64',
    'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
    274_000_871,
  ),
  'linux-arm64': tensorflow(
    'tensorflow',
    'manylinux_2_27_aarch64',
    'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
    281_946_471,
  ),
  'darwin-arm64': tensorflow(
    'tensorflow',
    'macosx_12_0_arm64',
    '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712',
    223_488_205,
  ),
};

const GPU_TENSORFLOW = tensorflow(
  'tensorflow',
  'manylinux_2_27_x86_64',
  'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
  572_611_111,
);

/** The packages of the extra `and-cuda` of tensorflow 2.21.0, at versions that it allows. */
const CUDA_WHEELS: readonly (readonly [
  project: string,
  version: string,
  sha256: string,
  bytes: number,
])[] = [
  [
    'nvidia-cublas-cu12',
    '12.9.3.13',
    'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
    581_217_458,
  ],
  [
    'nvidia-cuda-cupti-cu12',
    '12.8.90',
    'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
    10_248_621,
  ],
  [
    'nvidia-cuda-nvcc-cu12',
    '12.9.86',
    '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    40_546_229,
  ],
  [
    'nvidia-cuda-nvrtc-cu12',
    '12.9.86',
    '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    89_568_129,
  ],
  [
    'nvidia-cuda-runtime-cu12',
    '12.9.79',
    '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    3_493_179,
  ],
  [
    'nvidia-cudnn-cu12',
    '9.28.0.42',
    '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    716_538_495,
  ],
  [
    'nvidia-cufft-cu12',
    '11.4.1.4',
    'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    200_877_592,
  ],
  [
    'nvidia-curand-cu12',
    '10.3.10.19',
    '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
    68_295_626,
  ],
  [
    'nvidia-cusolver-cu12',
    '11.7.5.82',
    '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    338_117_415,
  ],
  [
    'nvidia-cusparse-cu12',
    '12.5.10.65',
    '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    366_465_088,
  ],
  [
    'nvidia-nccl-cu12',
    '2.32.3',
    'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
    351_526_311,
  ],
  [
    'nvidia-nvjitlink-cu12',
    '12.9.86',
    'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    39_748_338,
  ],
];

/** Platform tags of NVIDIA's wheels, newest first: pip needs each that may match. */
const NVIDIA_PLATFORMS = [
  'manylinux_2_27_x86_64',
  'manylinux_2_17_x86_64',
  'manylinux2014_x86_64',
  'manylinux_2_12_x86_64',
  'manylinux2010_x86_64',
];

/**
 * The release to install on a platform.
 *
 * @throws UnsupportedPlatformError when no wheel has the C API
 */
export function releaseFor(
  variant: Variant,
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): Release {
  requireSupported(platform, arch);
  const key = `${platform}-${arch}`;
  if (variant === 'gpu') {
    if (key !== 'linux-x64')
      throw new UnsupportedPlatformError(
        localize("TensorFlow's GPU build exists for Linux on x86-64 only, not for {0}.", key),
        { hint: localize('Install the CPU build: `nlvr runtime install`.') },
      );
    const cuda = CUDA_WHEELS.map(([project, version, sha256, bytes]) => ({
      project,
      version,
      platforms: NVIDIA_PLATFORMS,
      sha256,
      bytes,
      take: NVIDIA_FILES,
    }));
    const wheels = [GPU_TENSORFLOW, ...cuda];
    return { version: TENSORFLOW_VERSION, variant, wheels, unpackedBytes: 6500 * MB };
  }
  const wheel = CPU_WHEELS[key];
  if (!wheel)
    throw new UnsupportedPlatformError(localize('TensorFlow has no library for {0}.', key));
  return { version: TENSORFLOW_VERSION, variant, wheels: [wheel], unpackedBytes: 860 * MB };
}

/** Checks that TensorFlow exists for a platform. @throws UnsupportedPlatformError with what to do instead */
export function requireSupported(
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): void {
  if (platform === 'win32')
    throw new UnsupportedPlatformError(
      localize('TensorFlow for Windows does not export the C API that training needs.'),
      {
        hint: localize(
          'Open the folder in WSL, in a container or on a remote Linux machine and train there.',
        ),
      },
    );
  if (!CPU_WHEELS[`${platform}-${arch}`])
    throw new UnsupportedPlatformError(
      localize('TensorFlow has no library for {0} on {1}.', platform, arch),
      {
        hint: localize(
          'Supported platforms are Linux on x86-64 and arm64, and macOS on Apple silicon. On other platforms, use a remote machine.',
        ),
      },
    );
}
