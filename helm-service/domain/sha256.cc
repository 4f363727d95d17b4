#include "helm-service/domain/sha256.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <cstddef>

#include "absl/status/status.h"

namespace berth::helm {

Sha256 Sha256::Of(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return Sha256(std::move(hex));
}

absl::StatusOr<Sha256> Sha256::Parse(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  constexpr std::size_t kDigits = std::size_t{2} * SHA256_DIGEST_LENGTH;
  if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
  std::string hex(text);
  for (char& c : hex) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  if (hex.size() != kDigits || hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return absl::InvalidArgumentError("must be a SHA-256 digest: 64 hexadecimal digits");
  }
  return Sha256(std::move(hex));
}

}  // namespace berth::helm
