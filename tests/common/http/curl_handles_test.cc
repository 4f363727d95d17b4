#include "common/http/curl_handles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace berth::http {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> LinesOf(const HeaderList& headers) {
  std::vector<std::string> lines;
  for (const curl_slist* at = headers.get(); at != nullptr; at = at->next)
    lines.push_back(at->data);
  return lines;
}

TEST(CurlHandlesTest, KeepsHeadersInOrder) {
  HeaderList headers;
  EXPECT_EQ(headers.get(), nullptr);
  headers.Add("Accept: */*");
  headers.Add("Expect:");
  EXPECT_THAT(LinesOf(headers), ElementsAre("Accept: */*", "Expect:"));
}

TEST(CurlHandlesTest, LetsCurlCopyABlob) {
  const std::string text("a\0b", 3);
  const curl_blob blob = BlobOf(text);
  EXPECT_EQ(std::string(static_cast<const char*>(blob.data), blob.len), text);
  EXPECT_EQ(blob.flags, unsigned{CURL_BLOB_COPY});
}

}  // namespace
}  // namespace berth::http
