#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

#include "common/operation/record.h"

namespace berth::operation {

/// The secret key under which requests are compared; all replicas share it.
struct IdempotencyKey {
  std::string bytes;
  /// Changes when the key does.
  std::string id;
};

/// What a request is compared by: an HMAC-SHA-256 over its known fields, in field order and with
/// maps sorted, without `consistency_token` and without `request_id`, `detach` and `validate_only`
/// of `run`.
BodyDigest DigestOf(const IdempotencyKey& key, const google::protobuf::Message& request);

/// Whether two requests with one request_id are the same one, as far as can be told: records of
/// another key or contract version, and of requests that were never seen, are not compared.
bool MayBeSameRequest(const BodyDigest& recorded, const BodyDigest& asked);

/// A text that changes whenever the definition of a message, or of one it refers to, may have.
std::string ContractVersion(const google::protobuf::Descriptor& message);

}  // namespace berth::operation
