import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/** The job in Flink: one task slot, state on the heap, a checkpoint each 5 s, windows by event time; `reuse`: objects are reused. */
public final class Flink {
  private static final Job.Meter METER = new Job.Meter();
  private static final Map<String, long[]> CELLS = new ConcurrentHashMap<>();
  private static final OutputTag<Added> LATE = new OutputTag<>("late") {};

  public static class Told {
    public String visitor, channel;
    public long timeMs;
    public boolean form;
  }

  public static class Added {
    public String channel;
    public long timeMs, views, sessions, submits, leads;
  }

  public static class Visitor {
    public long first, last, pages, lead;
  }

  public static class Decoder extends AbstractDeserializationSchema<Told> {
    private transient ObjectReader reader;

    public Decoder() {
      super(Told.class);
    }

    @Override
    public void open(InitializationContext context) {
      reader = Job.reader();
    }

    @Override
    public Told deserialize(byte[] bytes) throws IOException {
      METER.read();
      Job.Event event = reader.readValue(bytes);
      Told told = new Told();
      told.visitor = event.data.visitor_id;
      told.channel = event.data.campaign.medium;
      told.timeMs = Job.ms(event.time);
      told.form = event.type.equals("form");
      return told;
    }
  }

  public static class Fold extends KeyedProcessFunction<String, Told, Added> {
    private transient ValueState<Visitor> state;

    @Override
    public void open(OpenContext context) {
      state = getRuntimeContext().getState(new ValueStateDescriptor<>("visitor", Visitor.class));
    }

    @Override
    public void processElement(Told told, Context context, Collector<Added> out) throws Exception {
      Added added = new Added();
      added.channel = told.channel;
      added.timeMs = told.timeMs;
      Visitor visitor = state.value();
      if (visitor == null) {
        visitor = new Visitor();
        visitor.first = visitor.last = told.timeMs;
        added.sessions = 1;
      } else {
        if (told.timeMs - visitor.last > Job.GAP_MS) added.sessions = 1;
        if (told.timeMs < visitor.first) visitor.first = told.timeMs;
        if (told.timeMs > visitor.last) visitor.last = told.timeMs;
      }
      if (told.form) {
        added.submits = 1;
        if (visitor.lead == 0) visitor.lead = added.leads = 1;
      } else {
        added.views = 1;
        visitor.pages++;
      }
      state.update(visitor);
      out.collect(added);
    }
  }

  private static void done() {
    if (METER.done() && Job.LIVE) METER.tell(Map.of(), null);
  }

  public static class Sums implements AggregateFunction<Added, long[], long[]> {
    @Override
    public long[] createAccumulator() {
      return new long[4];
    }

    @Override
    public long[] add(Added added, long[] sum) {
      sum[0] += added.views;
      sum[1] += added.sessions;
      sum[2] += added.submits;
      sum[3] += added.leads;
      done();
      return sum;
    }

    @Override
    public long[] getResult(long[] sum) {
      return sum;
    }

    @Override
    public long[] merge(long[] one, long[] other) {
      Job.add(one, other);
      return one;
    }
  }

  public static class Out extends ProcessWindowFunction<long[], String, String, TimeWindow> {
    @Override
    public void process(String channel, Context context, Iterable<long[]> sums, Collector<String> out) {
      String place = Job.cell(context.window().getStart(), channel);
      for (long[] sum : sums) {
        CELLS.put(place, sum.clone());
        out.collect(place);
      }
    }
  }

  public static class TooLate extends ProcessFunction<Added, String> {
    @Override
    public void processElement(Added added, Context context, Collector<String> out) {
      done();
    }
  }

  public static void main(String[] arguments) throws Exception {
    Configuration settings = new Configuration();
    settings.setString("state.backend.type", "hashmap");
    settings.setString("execution.checkpointing.interval", "5s");
    settings.setString("execution.checkpointing.storage", "filesystem");
    settings.setString("execution.checkpointing.dir", "file://" + Job.STATE);
    settings.setString("pipeline.object-reuse", String.valueOf(arguments.length > 0 && arguments[0].equals("reuse")));
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(1, settings);

    KafkaSourceBuilder<Told> source =
        KafkaSource.<Told>builder()
            .setBootstrapServers(Job.BROKER)
            .setTopics(Job.TOPIC)
            .setGroupId(Job.GROUP)
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setValueOnlyDeserializer(new Decoder());
    if (!Job.LIVE) source.setBounded(OffsetsInitializer.latest());
    WatermarkStrategy<Told> watermarks =
        WatermarkStrategy.<Told>forBoundedOutOfOrderness(Duration.ofSeconds(10)).withTimestampAssigner((told, before) -> told.timeMs);
    SingleOutputStreamOperator<String> windows =
        environment
            .fromSource(source.build(), watermarks, "records")
            .keyBy(told -> told.visitor, Types.STRING)
            .process(new Fold())
            .keyBy(added -> added.channel, Types.STRING)
            .window(TumblingEventTimeWindows.of(Duration.ofMinutes(1)))
            .sideOutputLateData(LATE)
            .aggregate(new Sums(), new Out());
    windows.getSideOutput(LATE).process(new TooLate()).sinkTo(new DiscardingSink<>());
    windows.sinkTo(new DiscardingSink<>());
    environment.execute("j1");
    METER.tell(CELLS, null);
  }
}
