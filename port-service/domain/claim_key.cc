#include "port-service/domain/claim_key.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <initializer_list>

namespace berth::port {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

/// Each part with its length in front, so that no two lists of parts are hashed alike.
Digest Hash(std::initializer_list<const std::string*> parts) {
  std::string text;
  for (const std::string* part : parts) {
    text += fmt::format("{}:{}", part->size(), *part);
  }
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

}  // namespace

std::string ClaimKey(const pool::PoolName& pool, const Owner& owner, const RequestId& request_id,
                     const EntryName& entry) {
  const Digest digest = Hash({&pool.value(), &owner.value(), &request_id.value(), &entry.value()});
  std::string key;
  for (int i = 0; i < 20; ++i) {
    key += fmt::format("{:02x}", digest[i]);
  }
  return key;
}

std::string ClaimKey(const Claim& claim) {
  return ClaimKey(claim.name.pool(), claim.owner, claim.request_id, claim.entry);
}

std::uint64_t WalkSeed(const pool::PoolName& pool, const Owner& owner,
                       const RequestId& request_id) {
  const Digest digest = Hash({&pool.value(), &owner.value(), &request_id.value()});
  std::uint64_t seed = 0;
  for (int i = 0; i < 8; ++i) {
    seed = seed << 8 | digest[i];
  }
  return seed;
}

}  // namespace berth::port
