#include "common/pool/claim_uid.h"

#include <fmt/format.h>

#include "common/kube/object.h"

namespace berth::pool {

std::string ClaimUid(const std::string& object_uid, std::int64_t incarnation) {
  return incarnation == 0 ? object_uid : fmt::format("{}.{}", object_uid, incarnation);
}

std::string ClaimUid(const kube::Json& object) {
  return ClaimUid(kube::Uid(object), kube::IntAt(object, {"spec", "incarnation"}).value_or(0));
}

std::string ObjectUid(const std::string& claim_uid) {
  return claim_uid.substr(0, claim_uid.find('.'));
}

}  // namespace berth::pool
