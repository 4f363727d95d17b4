// The body of a release Secret. A first byte of 'j' wraps the rest as Helm wraps its JSON, so that
// the JSON itself is explored; 'g' does so for the packed form.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "helm-service/adapters/release_body.h"
#include "tests/fuzz/require.h"
#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

using fuzz::Require;

constexpr std::size_t kLimit = std::size_t{1} << 20;

std::string Encode(const std::string& bytes) {
  return absl::Base64Escape(absl::Base64Escape(bytes));
}

std::string ToData(const std::string& input) {
  if (input.starts_with('j')) return Encode(TarBuilder::Gzip(input.substr(1)));
  if (input.starts_with('g')) return Encode(input.substr(1));
  return input;
}

void Check(const std::string& input) {
  const std::string data = ToData(input);
  const absl::StatusOr<ReleaseBody> body = ReadReleaseBody(data, kLimit);
  (void)ReadReleaseContent(data, kLimit);
  const absl::StatusOr<std::string> changed = WithStatus(data, "failed", "changed");
  if (!body.ok() || !changed.ok()) return;
  const absl::StatusOr<ReleaseBody> again = ReadReleaseBody(*changed, 2 * kLimit);
  Require(again.ok(), "a body whose status was changed can be read");
  Require(again->description == "changed", "the description is the new one");
  Require(again->chart_name == body->chart_name, "nothing else is another");
}

}  // namespace
}  // namespace berth::helm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::helm::Check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
