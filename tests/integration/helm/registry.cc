#include "tests/integration/helm/registry.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "tests/integration/harness/eventually.h"

namespace berth::helm {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Found(const std::string& text, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Registry>> Registry::Start(const std::string& folder) {
  std::filesystem::create_directories(folder + "/data");
  const std::string config = folder + "/registry.yaml";
  std::ofstream(config) << fmt::format(
      "version: 0.1\n"
      "storage: {{filesystem: {{rootdirectory: {}/data}}}}\n"
      "http: {{addr: '127.0.0.1:0'}}\n",
      folder);
  const std::string log = folder + "/registry.log";
  absl::StatusOr<harness::Child> child =
      harness::Child::Start({"/usr/bin/docker-registry", "serve", config}, log);
  if (!child.ok()) return child.status();
  std::string address;
  harness::Eventually([&] {
    address = Found(ReadFile(log), R"(listening on (127\.0\.0\.1:[0-9]+))");
    return !address.empty() || !child->IsRunning();
  });
  if (address.empty()) return absl::InternalError(ReadFile(log));
  return std::unique_ptr<Registry>(new Registry(*std::move(child), folder, std::move(address)));
}

absl::StatusOr<std::string> Registry::Push(const std::string& helm,
                                           const std::string& archive) const {
  const std::string file = folder_ + "/push.tgz";
  std::ofstream(file) << archive;
  const std::string output = folder_ + "/push.log";
  std::filesystem::remove(output);
  absl::StatusOr<harness::Child> push = harness::Child::Start(
      {"/usr/bin/env", "HOME=" + folder_, "HELM_CACHE_HOME=" + folder_,
       "HELM_CONFIG_HOME=" + folder_, "HELM_DATA_HOME=" + folder_, helm, "push", "--plain-http",
       file, fmt::format("oci://{}/charts", address_)},
      output);
  if (!push.ok()) return push.status();
  harness::Eventually([&] { return !push->IsRunning(); });
  const std::string text = ReadFile(output);
  std::string digest = Found(text, "Digest: (sha256:[0-9a-f]+)");
  if (digest.empty()) return absl::InternalError(text);
  return digest;
}

}  // namespace berth::helm
