#include "common/operation/names.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <random>

namespace berth::operation {
namespace {

constexpr std::size_t kNameCharacters = 26;

// Each part is preceded by its length, so that no two lists of parts make the same text.
std::string Hash(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (std::string_view part : parts) text += fmt::format("{}:{}", part.size(), part);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());

  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string name;
  std::uint32_t bits = 0;
  int available = 0;
  for (std::size_t next = 0; name.size() < kNameCharacters;) {
    if (available < 5) {
      bits = (bits << 8) | digest[next++];
      available += 8;
    }
    available -= 5;
    name += kAlphabet[(bits >> available) & 31];
  }
  return name;
}

}  // namespace

std::string ServiceOfMethod(std::string_view method) {
  return std::string(method.substr(0, method.find('/')));
}

std::string OperationName(std::string_view caller, std::string_view grpc_service,
                          std::string_view request_id) {
  return "op-" + Hash({caller, grpc_service, request_id});
}

std::string QueueName(std::string_view release_namespace, std::string_view release_name) {
  return "rq-" + Hash({release_namespace, release_name});
}

std::string NewRequestId() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

}  // namespace berth::operation
