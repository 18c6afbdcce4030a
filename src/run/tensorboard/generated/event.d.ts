// Made by scripts/generateMessages.mjs of ../event.proto with pbjs 0.0.14 (MIT). Do not edit.

export interface Event {
  wall_time?: number;
  step?: Long;
  file_version?: string;
  summary?: Summary;
  session_log?: SessionLog;
}
export declare function encodeEvent(message: Event): Uint8Array;
export declare function decodeEvent(binary: Uint8Array): Event;
export interface SessionLog {
  status?: number;
}
export declare function encodeSessionLog(message: SessionLog): Uint8Array;
export declare function decodeSessionLog(binary: Uint8Array): SessionLog;
export interface Summary {
  value?: SummaryValue[];
}
export declare function encodeSummary(message: Summary): Uint8Array;
export declare function decodeSummary(binary: Uint8Array): Summary;
export interface SummaryValue {
  tag?: string;
  simple_value?: number;
  tensor?: TensorProto;
  metadata?: SummaryMetadata;
}
export declare function encodeSummaryValue(message: SummaryValue): Uint8Array;
export declare function decodeSummaryValue(binary: Uint8Array): SummaryValue;
export interface SummaryMetadata {
  plugin_data?: PluginData;
}
export declare function encodeSummaryMetadata(message: SummaryMetadata): Uint8Array;
export declare function decodeSummaryMetadata(binary: Uint8Array): SummaryMetadata;
export interface PluginData {
  plugin_name?: string;
}
export declare function encodePluginData(message: PluginData): Uint8Array;
export declare function decodePluginData(binary: Uint8Array): PluginData;
export interface TensorProto {
  dtype?: number;
  tensor_content?: Uint8Array;
  float_val?: number[];
  double_val?: number[];
}
export declare function encodeTensorProto(message: TensorProto): Uint8Array;
export declare function decodeTensorProto(binary: Uint8Array): TensorProto;
export interface Long {
  low: number;
  high: number;
  unsigned: boolean;
}
