#include "common/grpc/page_token.h"

#include <fmt/format.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::rpc {
namespace {

constexpr std::int32_t kDefaultSize = 100;
constexpr std::int32_t kLargestSize = 500;
constexpr std::size_t kHashSize = sizeof(std::uint64_t);

// FNV-1a over both parts: tells tokens of other filters and damaged ones; no secret, so nothing
// stronger is needed. The same on every replica and in every version.
std::string Hash(std::string_view filter, std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](std::string_view text) {
    for (const char letter : text) {
      hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    }
  };
  add(fmt::format("{}:{}", filter.size(), filter));
  add(key);
  std::string bytes;
  for (std::size_t i = 0; i < kHashSize; ++i) {
    bytes += static_cast<char>(hash >> (8 * i));
  }
  return bytes;
}

absl::StatusOr<std::string> ParseToken(std::string_view token, std::string_view filter) {
  std::string bytes;
  const bool decoded = absl::WebSafeBase64Unescape(std::string(token), &bytes);
  if (decoded && bytes.size() > kHashSize) {
    std::string key = bytes.substr(kHashSize);
    if (bytes.compare(0, kHashSize, Hash(filter, key)) == 0) {
      return key;
    }
  }
  return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_PAGE_TOKEN,
               "page_token is not one that this list and filter gave; begin again without it")
      .WithFieldViolation("page_token", "must be the next_page_token of the page before");
}

}  // namespace

absl::StatusOr<PageRequest> ParsePageRequest(std::int32_t page_size, std::string_view page_token,
                                             std::string_view filter) {
  if (page_size < 0) {
    return InvalidField("page_size", "must not be negative");
  }
  PageRequest page;
  page.size = page_size == 0 ? kDefaultSize : std::min(page_size, kLargestSize);
  if (!page_token.empty()) {
    ASSIGN_OR_RETURN(page.after, ParseToken(page_token, filter));
  }
  return page;
}

std::string NextPageToken(std::string_view last_key, std::string_view filter) {
  return absl::WebSafeBase64Escape(Hash(filter, last_key) + std::string(last_key));
}

}  // namespace berth::rpc
