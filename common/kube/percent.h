#pragma once

#include <string>
#include <string_view>

namespace berth::kube {

/// Percent-encodes all but RFC 3986's unreserved characters, so that the text is one path segment
/// or one query value. "." and ".." are encoded too: nothing a caller names leads elsewhere.
std::string PercentEncode(std::string_view text);

}  // namespace berth::kube
