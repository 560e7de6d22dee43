import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The job in Kafka Streams: exactly once, state in RocksDB with caches and changelogs, one thread, cells by partition. */
public final class Streams {
  private static final Job.Meter METER = new Job.Meter();
  private static final CountDownLatch ENDED = new CountDownLatch(1), TOLD = new CountDownLatch(1);
  private static final List<KeyValueStore<String, long[]>> VISITORS = new CopyOnWriteArrayList<>(), CELLS = new CopyOnWriteArrayList<>();

  private static final Serde<long[]> LONGS =
      Serdes.serdeFrom(
          (topic, row) -> {
            if (row == null) return null;
            ByteBuffer bytes = ByteBuffer.allocate(8 * row.length);
            for (long one : row) bytes.putLong(one);
            return bytes.array();
          },
          (topic, bytes) -> {
            if (bytes == null) return null;
            long[] row = new long[bytes.length / 8];
            ByteBuffer.wrap(bytes).asLongBuffer().get(row);
            return row;
          });

  private static final class Decoder implements Deserializer<Job.Event> {
    private final ObjectReader reader = Job.reader();

    @Override
    public Job.Event deserialize(String topic, byte[] bytes) {
      try {
        return reader.readValue(bytes);
      } catch (IOException error) {
        throw new IllegalStateException(error);
      }
    }
  }

  public static final class EventTime implements TimestampExtractor {
    @Override
    public long extract(ConsumerRecord<Object, Object> row, long partitionTime) {
      return Job.ms(((Job.Event) row.value()).time);
    }
  }

  private static final class Fold implements Processor<String, Job.Event, Void, Void> {
    private KeyValueStore<String, long[]> visitors, cells;

    @Override
    public void init(ProcessorContext<Void, Void> context) {
      visitors = context.getStateStore("visitors");
      cells = context.getStateStore("cells");
      VISITORS.add(visitors);
      CELLS.add(cells);
    }

    @Override
    public void process(Record<String, Job.Event> row) {
      METER.read();
      Job.Event event = row.value();
      String name = event.data.visitor_id;
      long[] known = visitors.get(name);
      long[] visitor = known == null ? new long[4] : known;
      long[] added = Job.step(visitor, known != null, row.timestamp(), event.type.equals("form"));
      visitors.put(name, visitor);
      String place = Job.cell(row.timestamp(), event.data.campaign.medium);
      long[] cell = cells.get(place);
      if (cell == null) cell = added;
      else Job.add(cell, added);
      cells.put(place, cell);
      if (METER.done()) {
        ENDED.countDown();
        try {
          TOLD.await(); // the stores are read while this thread stands still
        } catch (InterruptedException error) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  public static void main(String[] arguments) throws InterruptedException {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, Job.GROUP);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, Job.BROKER);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, Job.STATE);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, EventTime.class);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");

    Topology topology = new Topology();
    topology.addSource("records", Serdes.String().deserializer(), new Decoder(), Job.TOPIC);
    topology.addProcessor("fold", Fold::new, "records");
    for (String name : List.of("visitors", "cells")) {
      StoreBuilder<KeyValueStore<String, long[]>> store =
          Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), Serdes.String(), LONGS).withCachingEnabled();
      topology.addStateStore(store, "fold");
    }
    new KafkaStreams(topology, settings).start();
    ENDED.await();
    if (Job.LIVE) METER.tell(Map.of(), null);
    List<long[]> visitors = new ArrayList<>();
    for (KeyValueStore<String, long[]> store : VISITORS) {
      try (KeyValueIterator<String, long[]> rows = store.all()) {
        while (rows.hasNext()) visitors.add(rows.next().value);
      }
    }
    Map<String, long[]> cells = new HashMap<>();
    for (KeyValueStore<String, long[]> store : CELLS) {
      try (KeyValueIterator<String, long[]> rows = store.all()) {
        rows.forEachRemaining(row -> Job.add(cells.computeIfAbsent(row.key, place -> new long[4]), row.value));
      }
    }
    METER.tell(cells, Job.people(visitors));
  }
}
