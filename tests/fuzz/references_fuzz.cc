// Names, versions and references that callers send, and that end up in Helm's arguments, in URLs
// and in the names of objects.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "helm-service/domain/capabilities.h"
#include "helm-service/domain/chart.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/oci_reference.h"
#include "helm-service/domain/semantic_version.h"
#include "helm-service/domain/source_url.h"
#include "helm-service/domain/version_constraint.h"
#include "tests/fuzz/require.h"

namespace berth::helm {
namespace {

using fuzz::Require;

// Fit for an argument or a URL: no blank, no control, nothing that ends a line or a string.
bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

template <typename Name>
void CheckName(std::string_view text) {
  const absl::StatusOr<Name> name = Name::Parse(text);
  if (!name.ok()) return;
  Require(name->value() == text, "a name is kept as it was sent");
  Require(IsPrintable(text) && !text.starts_with('-'), "no name is a flag");
  Require(text.find_first_of(",/\\=") == std::string_view::npos, "no name is a path or a list");
}

void CheckChartUrl(std::string_view text) {
  if (!ChartUrl::Parse(text).ok()) return;
  Require(text.starts_with("https://"), "charts come by https only");
  Require(IsPrintable(text), "a URL is printable");
  Require(text.find_first_of("@?#") == std::string_view::npos, "no URL holds a credential");
  Require(text.find("/../") == std::string_view::npos, "no URL leads elsewhere");
}

void CheckOciReference(std::string_view text) {
  const absl::StatusOr<OciReference> reference = OciReference::Parse(text);
  if (!reference.ok()) return;
  Require(IsPrintable(reference->registry()) && !reference->registry().empty(), "has a registry");
  Require(IsPrintable(reference->repository()), "a path is printable");
  const std::string written = reference->ToString();
  const absl::StatusOr<OciReference> again = OciReference::Parse(written);
  Require(again.ok() && again->ToString() == written, "a reference is read back as written");
}

void CheckUrl(std::string_view text) {
  const absl::StatusOr<SourceUrl> url = SourceUrl::Parse(text);
  if (!url.ok()) return;
  const std::string written = url->ToString();
  const absl::StatusOr<SourceUrl> again = SourceUrl::Parse(written);
  Require(again.ok() && again->origin() == url->origin(), "a URL keeps its origin");
  const absl::StatusOr<SourceUrl> resolved = url->Resolve("chart-1.tgz");
  Require(!resolved.ok() || resolved->origin() == url->origin(), "relative means the same server");
  (void)SourceUrl::Parse("https://charts.example/stable")->Resolve(text);
}

void CheckVersions(std::string_view text) {
  Require(!KubeVersion::Parse(text).ok() || IsPrintable(text), "a version is printable");
  const bool is_one = IsPrintable(text) && text.find(',') == std::string_view::npos;
  Require(!ApiVersion::Parse(text).ok() || is_one, "an API is one");
  const absl::StatusOr<VersionConstraint> constraint = VersionConstraint::Parse(text);
  if (constraint.ok()) (void)constraint->Choose({"2.0.0", "1.2.3", "1.2.3-rc.1", "1", text});
}

void Check(std::string_view text) {
  CheckName<ReleaseName>(text);
  CheckName<NamespaceName>(text);
  CheckName<RepositoryName>(text);
  CheckName<ChartName>(text);
  CheckChartUrl(text);
  CheckOciReference(text);
  CheckUrl(text);
  CheckVersions(text);
}

}  // namespace
}  // namespace berth::helm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::helm::Check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
