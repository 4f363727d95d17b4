#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::helm {

/// Where something can be fetched from: scheme, host, port and path are taken apart, so that they
/// can be compared with what is allowed.
class SourceUrl {
 public:
  /// Takes http://, https:// and oci:// with a host and without user and fragment. Paths with "."
  /// or ".." in them, also percent-encoded, are refused: their meaning is another one for a server
  /// than for who compares them. Errors: INVALID_ARGUMENT, without the text, which may hold a
  /// credential.
  static absl::StatusOr<SourceUrl> Parse(std::string_view text);

  /// The URL that `reference` means in a document of the folder this URL names, as Helm reads the
  /// `urls` of an index: relative to the folder, or absolute; this URL's query goes along with
  /// relative ones. Errors: as Parse.
  absl::StatusOr<SourceUrl> Resolve(std::string_view reference) const;

  /// The URL of a file in the folder that this URL names, with this URL's query.
  std::string File(std::string_view name) const;

  /// "https", "http" or "oci".
  const std::string& scheme() const { return scheme_; }
  /// Lower case; IPv6 addresses in brackets.
  const std::string& host() const { return host_; }
  /// "https://host:443": where credentials are meant for.
  const std::string& origin() const { return origin_; }
  /// Empty, or with a slash in front; without slashes at the end.
  const std::string& path() const { return path_; }

  /// Written out, with its query, with no slash at the end of the path.
  std::string ToString() const;

 private:
  SourceUrl() = default;

  std::string scheme_;
  std::string host_;
  // ":8443", or empty for the scheme's own.
  std::string port_;
  std::string origin_;
  std::string path_;
  // "?a=b", or empty.
  std::string query_;
};

}  // namespace berth::helm
