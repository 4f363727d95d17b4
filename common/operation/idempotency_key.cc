#include "common/operation/idempotency_key.h"

#include <openssl/rand.h>

#include <array>

#include "absl/strings/escaping.h"
#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

constexpr char kSecretName[] = "berth-operation-key";
constexpr std::size_t kKeyBytes = 32;

absl::StatusOr<kube::Json> NewSecret(const std::string& kube_namespace) {
  std::string key(kKeyBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), kKeyBytes) != 1) {
    return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                 "no random bytes for the idempotency key");
  }
  kube::Json secret = kube::NewObject(kube::kSecrets, {kube_namespace, kSecretName});
  secret["type"] = "Opaque";
  secret["data"] = {{"key", absl::Base64Escape(key)}};
  return secret;
}

}  // namespace

absl::StatusOr<IdempotencyKey> ReadOrCreateIdempotencyKey(kube::Client& client,
                                                          const std::string& kube_namespace) {
  const kube::ObjectName name{kube_namespace, kSecretName};
  absl::StatusOr<kube::Json> secret = client.Get(kube::kSecrets, name);
  if (kube::IsNotFound(secret.status())) {
    ASSIGN_OR_RETURN(const kube::Json wish, NewSecret(kube_namespace));
    secret = client.Create(kube::kSecrets, wish);
    if (kube::IsAlreadyExists(secret.status())) secret = client.Get(kube::kSecrets, name);
  }
  RETURN_IF_ERROR(WithContext(secret.status(), "the idempotency key"));

  IdempotencyKey key{.id = kube::Uid(*secret)};
  if (!absl::Base64Unescape(kube::StringAt(*secret, {"data", "key"}), &key.bytes) ||
      key.bytes.size() < kKeyBytes) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_INTERNAL,
                 "Secret berth-operation-key holds no usable key; delete it to have it made anew");
  }
  return key;
}

}  // namespace berth::operation
