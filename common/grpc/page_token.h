#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

/// Paging of lists that are ordered by a unique key (AIP-158). A token holds the last key of the
/// page before and a hash of the filter: it is valid on every replica, and with no other filter.
/// Tokens are opaque, not secret.
namespace berth::rpc {

/// Which part of an ordered list a request asks for.
struct PageRequest {
  /// At most so many, 1 to 500.
  int size = 100;
  /// Only keys greater than this; empty for the first page.
  std::string after;
};

/// Reads page_size (0 means 100, above 500 means 500) and page_token. `filter` is any text that
/// differs when the request's other fields differ. Errors: INVALID_ARGUMENT, INVALID_FIELD for a
/// negative size and INVALID_PAGE_TOKEN.
absl::StatusOr<PageRequest> ParsePageRequest(std::int32_t page_size, std::string_view page_token,
                                             std::string_view filter);

/// Token for the page after `last_key`, the last key of this one.
std::string NextPageToken(std::string_view last_key, std::string_view filter);

}  // namespace berth::rpc
